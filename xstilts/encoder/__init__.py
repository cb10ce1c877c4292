"""The encoder: packed rows in, hidden states out, without padding."""
