"""The command line: a thin shell over `plimsoll.journeys`; nothing is calculated here."""
