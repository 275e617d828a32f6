package io.earshot.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.spi.Ending;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import org.junit.jupiter.api.Test;

/** The connections of a server, as the server and its programs see them. */
final class ConnectionsTest {
  private final TestServer server = new TestServer(1, TestServer.quiet());

  @Test
  void every_client_is_told_when_the_server_stops() {
    Guest guest = server.guest();
    guest.hear();
    server.earshot.closeAll();
    assertThat(guest.hear())
        .satisfiesExactly(
            bye ->
                assertThat(bye)
                    .matches(
                        "\\{\"status\":\"Bye!\",\"context\":\"response\",\"reason\":\"server shutdown\","
                            + "\"reconnectAfter\":\\d{1,4}}"),
            end -> assertThat(end).isEqualTo("end " + Ending.SHUTDOWN.code()));
    assertThat(guest.finished).isTrue();
  }

  @Test
  void a_connection_is_found_by_its_id_until_it_ends() {
    Guest guest = server.guest();
    String id = guest.id();
    assertThat(server.earshot.api().connection(id)).contains(guest.connection());
    assertThat(server.earshot.api().connections()).hasSize(1);
    guest.connection().close("enough");
    assertThat(guest.hear()).anyMatch(line -> line.contains("\"reason\":\"enough\""));
    assertThat(server.earshot.api().connection(id)).isEmpty();
  }
}
