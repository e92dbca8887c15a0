"""What a job of the container leaves in S3."""
