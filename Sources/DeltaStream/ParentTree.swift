public import Linux
