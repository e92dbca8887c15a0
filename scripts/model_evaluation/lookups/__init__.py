"""The only place that talks to AWS (local AWS aside). Clients come from session.Aws; every failure leaves as
one of the errors of errors.AwsError; results are our own small records."""
