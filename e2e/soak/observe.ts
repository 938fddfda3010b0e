// Loaded before Pratique: tells what the process holds on SIGUSR2, so that nothing of the product has to.
process.on("SIGUSR2", () => {
  const resources = process.getActiveResourcesInfo();
  const count = (name: string): number => resources.filter((each) => each === name).length;
  process.stderr.write(`\nsoak:${JSON.stringify({ timers: count("Timeout"), sockets: count("TCPSocketWrap") })}\n`);
});
