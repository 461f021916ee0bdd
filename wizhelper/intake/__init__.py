"""What a customer tells before the session: a form that the company defines, and its answers in the record."""
