package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The inbox of a user. */
final class InboxMessagesTest extends LoginTestCase {
  @Test
  void a_client_that_was_cut_receives_the_messages_of_its_inbox_once() throws Exception {
    missesNothing();
  }

  @Test
  void a_client_that_resumes_its_session_receives_the_messages_of_its_inbox_once()
      throws Exception {
    start("general.resumeWindow=60s");
    missesNothing();
  }

  private void missesNothing() throws Exception {
    var inbox = new LinkedBlockingQueue<Event>();
    EarshotClient ada = connected(ofProxy().login(token("ada")));
    ada.onInbox(inbox::add);
    int told = 0;
    for (int round = 0; round < 10; round++) {
      tell("@ada", "m" + told++);
      assertThat(texts(inbox, 1)).containsExactly("m" + (told - 1));
      proxy().cut();
      await(ada, State.RECONNECTING);
      int before = told;
      for (int i = 0; i < 5; i++) {
        tell("@ada", "m" + told++);
      }
      proxy().restore();
      assertThat(next(inbox)).isEqualTo(new Event.Resumed(true));
      assertThat(texts(inbox, 5))
          .containsExactlyElementsOf(IntStream.range(before, told).mapToObj(i -> "m" + i).toList());
      await(ada, State.OPEN);
    }
    assertThat(ada.action("randomNumber", Map.of())).isNotEmpty();
    assertThat(inbox).isEmpty();
  }

  @Test
  void a_run_that_received_nothing_knows_where_its_inbox_began() throws Exception {
    EarshotClient before = connected(EarshotClient.builder(uri(port())).login(token("ada")));
    Cursor start = before.inboxStart();
    tell("@ada", "one");
    assertThat(before.action("randomNumber", Map.of())).isNotEmpty();
    assertThat(before.inboxStart()).as("though a message has come").isEqualTo(start);
    before.close();
    tell("@ada", "two");
    var inbox = new LinkedBlockingQueue<Event>();
    EarshotClient ada =
        connected(EarshotClient.builder(uri(port())).login(token("ada")).inbox(start, inbox::add));
    assertThat(ada.inboxStart()).isEqualTo(start);
    assertThat(next(inbox)).isEqualTo(new Event.Resumed(true));
    assertThat(texts(inbox, 2)).containsExactly("one", "two");
    assertThat(client().inboxStart()).isNull();
  }

  @Test
  void the_inbox_starts_after_a_position_that_the_program_has_kept() throws Exception {
    var inbox = new LinkedBlockingQueue<Event>();
    EarshotClient before =
        connected(EarshotClient.builder(uri(port())).login(token("ada")).inbox(null, inbox::add));
    tell("@ada", "one");
    Event.Message one = (Event.Message) next(inbox);
    before.close();
    tell("@ada", "two");
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(port())).login(token("ada")).inbox(one.place(), inbox::add));
    assertThat(next(inbox)).isEqualTo(new Event.Resumed(true));
    assertThat(texts(inbox, 1)).containsExactly("two");
    tell("@ada", "three");
    assertThat(texts(inbox, 1)).containsExactly("three");
    assertThat(ada.user()).isEqualTo(user("ada"));
    // Of a server that has lost the order of the room.
    start();
    tell("@ada", "four");
    EarshotClient later =
        connected(
            EarshotClient.builder(uri(port())).login(token("ada")).inbox(one.place(), inbox::add));
    assertThat(next(inbox)).isEqualTo(new Event.Resumed(false));
    assertThat(texts(inbox, 1)).containsExactly("four");
    tell("@ada", "five");
    assertThat(texts(inbox, 1)).containsExactly("five");
    assertThat(later.state()).isEqualTo(State.OPEN);
  }
}
