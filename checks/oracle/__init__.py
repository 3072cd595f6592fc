"""The specification as the judge of one endpoint at 32 bits that is seen only from outside."""
