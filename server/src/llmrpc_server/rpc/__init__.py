"""The wire: servicers, validation, status, health, reflection, lifecycle."""
