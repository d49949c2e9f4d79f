"""Speed and memory, measured: ours and a reference beside it in the same run."""
