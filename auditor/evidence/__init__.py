"""The run directory: the only thing that joins the recording half to the judging half."""
