"""lockgate's own rules: only what the field's tools miss, and only what the text decides with certainty."""
