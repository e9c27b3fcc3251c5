"""Request bodies: from bytes of any form to an object, and what is said of fields that are unknown or given twice."""
