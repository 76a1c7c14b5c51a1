"""PostgreSQL and the journal: values in, values out, SQL in one place."""
