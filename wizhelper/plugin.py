"""The twistd plugin's ServiceMaker; twisted/plugins/wizhelper_plugin.py only imports it."""

from twisted.application.service import ServiceMaker

maker = ServiceMaker("WizHelper", "wizhelper.server", "The WizHelper remote-support appliance.", "wizhelper")
