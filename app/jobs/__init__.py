"""The only place that runs flavr_core at length: background calls, frame servers, workers, the queue."""
