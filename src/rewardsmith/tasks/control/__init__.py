"""The shipped tasks: classic control and MuJoCo."""
