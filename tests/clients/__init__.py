"""The clients that people use, in JavaScript and in Python, against whole gateways over the simulators."""
