"""The simulators, each rule shown over a real socket."""
