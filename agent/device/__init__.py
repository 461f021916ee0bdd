"""The agent of a registered device: enrolment, its link to the appliance, sessions that the policy lets in."""
