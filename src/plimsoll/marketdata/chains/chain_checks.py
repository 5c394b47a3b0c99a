"""x"""
def chain_findings(quotes, found, rule, settings):
    return ()
