"""What operators see of the gateway while it runs: traces, metrics and logs, in which no value of a customer stands."""
