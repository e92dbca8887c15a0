"""Amazon S3: buckets, objects, and the files that a dataset consists of."""
