"""Driver of instruments that speak SCPI or another protocol in lines of text."""
