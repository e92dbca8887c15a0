"""Work that takes time: jobs of pipelines' steps and jobs of their own, played by the clock."""
