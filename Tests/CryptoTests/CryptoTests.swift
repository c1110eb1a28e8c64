// CryptoTests: not written yet.
