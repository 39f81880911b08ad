"""What the two dialects of OpenAI share, and nobody else."""
