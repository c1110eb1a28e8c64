// Crypto: not written yet.
