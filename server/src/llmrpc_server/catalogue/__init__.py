"""What is known of models: prices."""
