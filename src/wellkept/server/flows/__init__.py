"""What operators and a server say to each other, share by share: init, unseal, rekey, generate-root; and status.

The forms and the words are OpenBao's. The state of a conversation is on the board, so that its steps may reach
different workers.
"""
