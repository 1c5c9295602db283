"""What is measured: each module is one program, run in a process and an environment of its own."""
