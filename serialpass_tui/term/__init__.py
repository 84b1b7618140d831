"""The console driver: what Textual paints, brought to real consoles in few bytes, and keys back.

It stands alone. `line` and `tty` know the device, `profile` says what the terminal can, `looks`,
`glyphs` and `cells` hold the wanted screen, `painter`, `moves` and `scroll` turn the difference to
what is shown into bytes, `pace` and `output` send them as fast as the line is, `keys` and
`keyboard` read what comes back, and `driver`, the only module that knows Textual, joins them.
"""
