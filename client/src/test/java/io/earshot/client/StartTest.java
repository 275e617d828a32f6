package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Start;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** Clients that begin after a position that the program has kept. */
final class StartTest extends ClientTest {

  @Test
  void a_new_client_receives_the_messages_after_a_position() throws Exception {
    Room attic = client().join("attic");
    EarshotClient first = client();
    BlockingQueue<Event> received = events(first.join("attic"));
    attic.say("one");
    Event event = next(received);
    while (!(event instanceof Event.Message)) {
      event = next(received);
    }
    Cursor kept = ((Event.Message) event).place();
    first.close();
    attic.say("two");
    for (boolean joins : new boolean[] {true, false}) {
      var again = new LinkedBlockingQueue<Event>();
      EarshotClient second = client();
      Start start = Start.after(kept);
      Room room =
          joins
              ? second.join("attic", start, again::add)
              : get(second.listenAsync("attic", start, again::add));
      assertThat(next(again)).isEqualTo(new Event.Resumed(true));
      Cursor three = attic.say("three");
      assertThat(texts(again, 2)).containsExactly("two", "three");
      assertThat(room.cursor()).isEqualTo(three);
      assertThatThrownBy(() -> second.join("attic", start, again::add))
          .hasMessage("this client is in attic already, so it cannot begin after " + start.after());
      second.close();
      kept = attic.say("four");
      attic.say("two");
    }
  }

  @Test
  void a_position_that_leads_nowhere_is_told() throws Exception {
    Room attic = client().join("attic");
    attic.say("one");
    var live = new LinkedBlockingQueue<Event>();
    var _ = client().join("attic", Start.after(new Cursor("other", 7)), live::add);
    assertThat(next(live)).isEqualTo(new Event.Resumed(false));
    var withHistory = new LinkedBlockingQueue<Event>();
    var _ = client().join("attic", new Start(new Cursor("other", 7), 10), withHistory::add);
    assertThat(next(withHistory)).isEqualTo(new Event.Resumed(false));
    attic.say("two");
    assertThat(texts(live, 1)).containsExactly("two");
    assertThat(texts(withHistory, 2)).containsExactly("one", "two");
    EarshotClient wrong = client();
    assertThatThrownBy(() -> wrong.join("attic", Start.after(new Cursor("?", 7)), live::add))
        .hasMessageContaining("after must be epoch:offset");
    wrong.join("attic").say("joined without it");
  }
}
