"""Makes `twistd wizhelper` known."""

from wizhelper.plugin import maker

wizhelper = maker
