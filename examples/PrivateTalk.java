// Chats in the private room of examples/private/Invite.java. With ./earshot --actions examples/private:
//   examples/run PrivateTalk ws://localhost:8080 ada swordfish
import io.earshot.client.EarshotClient;
import io.earshot.client.EarshotException;
import io.earshot.client.Room;

void main(String[] args) {
  if (args.length != 3) {
    IO.println("arguments: SERVER NAME PASSWORD, such as ws://localhost:8080 ada swordfish");
    return;
  }
  URI server = URI.create(args[0]);
  Map<String, String> who = Map.of("name", args[1], "word", args[2]);
  try (var inviting = EarshotClient.connect(server);
      // Called at each join, at each reconnect, and before a token expires.
      var client =
          EarshotClient.builder(server)
              .tokens(
                  room ->
                      room.equals("private.friends")
                          ? inviting.action("invite", who).get("token").asText()
                          : null)
              .connect()) {
    Room friends = client.join("private.friends");
    friends.onMessage(message -> IO.println(message.from() + ": " + message.text()));
    IO.println("in, with " + friends.members().membersCount() + " here; type messages, or Ctrl-D to leave");
    for (String line = IO.readln(); line != null; line = IO.readln()) {
      friends.say(line);
    }
  } catch (EarshotException e) {
    IO.println("refused: " + e.getMessage());
  }
}
