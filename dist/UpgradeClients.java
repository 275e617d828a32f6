import io.earshot.client.EarshotClient;
import io.earshot.client.Event;
import io.earshot.client.Room;

/**
 * Clients that talk while a server is upgraded; dist/test runs this: java UpgradeClients.java URL CLIENTS STOPFILE.
 * When the file exists, they stop talking, and the program prints what arrived. Exit status 0: everything, once.
 */
void main(String[] args) throws Exception {
  int listeners = Integer.parseInt(args[1]);
  Path stop = Path.of(args[2]);
  var received = new ConcurrentHashMap<Integer, Queue<Long>>();
  var resumed = new AtomicInteger();
  var unrecovered = new AtomicInteger();
  var clients = new ArrayList<EarshotClient>();
  for (int i = 0; i < listeners; i++) {
    var client = EarshotClient.connect(URI.create(args[0]));
    clients.add(client);
    Room room = client.join("upgrade");
    Queue<Long> mine = new ConcurrentLinkedQueue<>();
    received.put(i, mine);
    room.onEvent(
        event -> {
          switch (event) {
            case Event.Message message -> mine.add(Long.valueOf(message.text()));
            case Event.Resumed(boolean recovered) -> (recovered ? resumed : unrecovered).incrementAndGet();
            default -> {}
          }
        });
  }
  long said = 0;
  long longest = 0;
  try (var speaker = EarshotClient.connect(URI.create(args[0]))) {
    Room room = speaker.join("upgrade");
    IO.println("ready");
    while (!Files.exists(stop)) {
      long before = System.nanoTime();
      room.say(String.valueOf(++said)); // repeated by the client, with one message id, until it is answered
      longest = Math.max(longest, System.nanoTime() - before);
      Thread.sleep(200); // what a client misses must be less than rooms.historyMessages, 100
    }
    long deadline = System.nanoTime() + 30_000_000_000L;
    long all = said;
    while (received.values().stream().anyMatch(mine -> mine.size() < all) && System.nanoTime() < deadline) {
      Thread.sleep(50);
    }
  }
  long missing = 0;
  long twice = 0;
  for (var mine : received.values()) {
    long distinct = mine.stream().distinct().count();
    missing += said - distinct;
    twice += mine.size() - distinct;
  }
  IO.println(
      listeners + " clients, " + said + " messages: " + missing + " missing, " + twice + " twice; "
          + resumed + " resumed, " + unrecovered + " not; the longest say took " + longest / 1_000_000 + " ms");
  clients.forEach(EarshotClient::close);
  System.exit(missing + twice + unrecovered.get() == 0 && resumed.get() >= listeners ? 0 : 1);
}
