"""How local AWS plays LLM as judge: Bedrock's operations, a simulated judge, its result files, the demo's account."""
