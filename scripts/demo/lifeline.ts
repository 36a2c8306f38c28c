/** Loaded before a module of the demo: if the demo is gone, however it went, the module ends too. */
process.once('disconnect', () => process.exit())
process.channel?.unref()
