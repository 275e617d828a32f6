import io.earshot.*;

/** Filters messages in lobbies, and requires a login for the rooms of the staff. */
public final class Moderator implements PlugIn {
  @Override
  public void start(Api api) {
    api.hooks()
        .onSay(
            "lobby.*",
            say -> {
              String text = say.message().asText();
              if (text == null) {
                throw new RefusedException("only texts here");
              }
              return text.replaceAll("(?i)darn", "****"); // the message that others receive
            });
    api.hooks()
        .onJoin(
            "staff.*",
            join -> {
              // A query to a database may block here: this thread is virtual.
              if (!join.connection().attributes().containsKey("auth")) {
                throw new RefusedException("log in first");
              }
            });
    api.hooks().onJoined("lobby.*", joined -> greet(api, joined.connection(), joined.room()));
  }

  private static void greet(Api api, Connection connection, String room) {
    var host = StandIn.in(room).withId("host").to("id", connection.id());
    api.chatRoom().socketRoomBroadcast(host, "Welcome. Be nice to each other.");
  }
}
