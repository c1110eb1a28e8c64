import Recompress
import Testing
