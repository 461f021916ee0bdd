"""What follows a session for its customer: the receipt, the survey, and the report of abuse with its queue."""
