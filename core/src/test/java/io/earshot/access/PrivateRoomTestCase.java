package io.earshot.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** A server with room rules, a private room, and one client. */
abstract class PrivateRoomTestCase {
  static final Config CONFIG =
      TestServer.quiet()
          .with("general.resumeWindow", "10m")
          .with("tokens.warning", "30s")
          .with("commonWeb.cookieSecret", "a secret that all servers have and nobody else")
          .with(
              "rooms.rules",
              "news.* say=nobody, staff.* join=role:staff listen=nobody, short.* messageBytes=9, slow.* messagesPerSecond=2,"
                  + " ada.* join=identity:ada listen=identity:ada");

  final TestServer server = new TestServer(2, CONFIG);
  final PrivateRoom room = server.earshot.api().chatRoom().createPrivateRoom();
  final Guest guest = server.guest(1, Lines.ONE);
  final String session =
      guest.hear().stream()
          .filter(line -> line.contains("\"session\""))
          .map(line -> line.replaceAll(".*\"session\":\"([^\"]*)\".*", "$1"))
          .findFirst()
          .orElseThrow();

  String token(Permission... allowed) {
    return room.token("ada", Duration.ofMinutes(5), Set.of(allowed));
  }

  void assertIsIn(String name) {
    assertThat(guest.ask("detailsView")).contains("\"room\":\"" + name + "\"");
  }

  List<String> notices() {
    return guest.hear().stream().filter(line -> line.contains("\"context\":\"token\"")).toList();
  }
}
