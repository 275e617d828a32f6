// Echoes each message to its sender: examples/run EchoBot ws://localhost:8080 attic
import io.earshot.client.EarshotClient;
import io.earshot.client.Room;

void main(String[] args) throws InterruptedException {
  URI server = URI.create(args.length > 0 ? args[0] : "ws://localhost:8080");
  try (var client = EarshotClient.connect(server)) {
    Room room = client.join(args.length > 1 ? args[1] : "attic");
    room.onMessage(
        message -> {
          if (!message.text().startsWith("echo: ")) { // or two bots would never stop
            room.sayAsync("echo: " + message.text(), "id", message.from());
          }
        });
    IO.println("listening in " + room.name());
    new CountDownLatch(1).await(); // until Ctrl-C
  }
}
