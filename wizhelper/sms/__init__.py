"""Invitations by text message: templates, gateways, an outbox that neither loses nor doubles, and single-use links."""
