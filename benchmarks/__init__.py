"""What a call costs the gateway, beside a bare server in the same run."""
