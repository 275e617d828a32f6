package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Records of the program as messages. */
final class MapperTest extends ClientTest {
  private record Order(String drink, int cups) {}

  /** Knows orders only. A program has a JSON library here. */
  private static final class OrderMapper implements Mapper {
    @Override
    public String toJson(Object value) {
      return switch (value) {
        case Order(String drink, int cups) when cups < 0 -> "{" + drink;
        case Order(String drink, int cups) -> "{\"drink\":\"" + drink + "\",\"cups\":" + cups + "}";
        default -> throw new UnsupportedOperationException("what is this?");
      };
    }

    @Override
    public <T> T fromJson(String json, Class<T> type) throws MalformedJsonException {
      if (Json.parse(json) instanceof Json.Obj order
          && order.get("drink") instanceof Json.Text(String drink)
          && order.get("cups") instanceof Json.Num(String cups)) {
        return type.cast(new Order(drink, Integer.parseInt(cups)));
      }
      throw new UnsupportedOperationException("no order: " + json);
    }
  }

  private EarshotClient mapping() {
    return connected(EarshotClient.builder(uri(port())).mapper(new OrderMapper()));
  }

  private static Event.Message nextMessage(BlockingQueue<Event> events)
      throws InterruptedException {
    Event event = next(events);
    while (!(event instanceof Event.Message message)) {
      event = next(events);
    }
    return message;
  }

  @Test
  void a_record_is_said_signalled_and_read() throws Exception {
    Room attic = mapping().join("attic");
    BlockingQueue<Event> received = events(attic);
    Room other = mapping().join("attic");
    var tea = new Order("tea", 2);
    other.say(tea);
    Event.Message message = nextMessage(received);
    assertThat(message.as(Order.class)).isEqualTo(tea);
    assertThat(message.message()).isEqualTo(Json.from(Map.of("drink", "tea", "cups", 2)));
    assertThat(attic.history(null, 1).messages().getFirst().as(Order.class)).isEqualTo(tea);
    other.say(List.of(tea, "and", Map.of("more", tea)));
    assertThat(nextMessage(received).text())
        .isEqualTo(
            "[{\"drink\":\"tea\",\"cups\":2},\"and\",{\"more\":{\"drink\":\"tea\",\"cups\":2}}]");
    get(other.signalAsync(tea, "order"));
    assertThat(((Event.Signal) next(received)).as(Order.class)).isEqualTo(tea);
    other.say("plain");
    Event.Message plain = nextMessage(received);
    assertThat(plain.text()).isEqualTo("plain");
    assertThatThrownBy(() -> plain.as(Order.class))
        .isInstanceOf(EarshotException.class)
        .hasMessageContaining("cannot read a " + Order.class.getName())
        .hasMessageContaining("no order: \"plain\"");
  }

  @Test
  void the_params_of_an_action_are_mapped_too() {
    server
        .api()
        .actions()
        .add(Action.of("buy", call -> call.put("got", call.params().get("what"))));
    assertThat(mapping().action("buy", Map.of("what", new Order("tea", 1))))
        .containsEntry("got", Json.from(Map.of("drink", "tea", "cups", 1)));
  }

  @Test
  void without_a_mapper_or_with_one_that_fails_only_the_call_fails() throws Exception {
    Room attic = client().join("attic");
    BlockingQueue<Event> received = events(attic);
    assertThatThrownBy(() -> attic.say(new Order("tea", 1)))
        .isInstanceOf(EarshotException.class)
        .hasMessageContaining(Order.class.getName())
        .hasMessageContaining("needs a mapper: EarshotClient.builder(uri).mapper(");
    CompletionStage<Cursor> said = attic.sayAsync(Double.NaN);
    assertThatThrownBy(() -> get(said)).hasMessageContaining("JSON has no such number: NaN");
    Room other = mapping().join("attic");
    assertThatThrownBy(() -> other.say(new Object()))
        .isInstanceOf(EarshotException.class)
        .hasMessageContaining("cannot write a java.lang.Object: what is this?");
    assertThatThrownBy(() -> other.say(new Order("tea", -1)))
        .hasMessageContaining("text for a " + Order.class.getName() + " is not JSON");
    other.say(new Order("tea", 3));
    Event.Message message = nextMessage(received);
    assertThatThrownBy(() -> message.as(Order.class))
        .isInstanceOf(EarshotException.class)
        .hasMessageContaining("needs a mapper");
    attic.say("still open");
  }
}
