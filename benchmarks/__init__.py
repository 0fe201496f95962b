"""What the gateway costs, measured over its own simulators; each module or package here is a command of its own."""
