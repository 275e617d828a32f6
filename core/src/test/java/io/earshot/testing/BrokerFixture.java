package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Stretch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The fixture of the parts of {@link BrokerContract}. */
interface BrokerFixture {
  String ROOM = "room";

  /** How long brokers recognize a repeated post, in milliseconds. */
  long WINDOW = 60_000;

  /** One more server, which is connected. */
  BrokerPeer peer();

  /** The servers of this test so far. */
  List<BrokerPeer> peers();

  static List<Long> offsets(List<Placed> posts) {
    return posts.stream().map(placed -> placed.place().offset()).toList();
  }

  static List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  static Cursor end(Stretch stretch) {
    return Objects.requireNonNull(stretch.end());
  }

  /** Messages of every JSON type, among them large, deep and unusual ones. */
  static List<Json> messages() {
    var fields = new LinkedHashMap<String, @Nullable Object>();
    fields.put("", null);
    fields.put("z", List.of(true, false, List.of(), Map.of()));
    fields.put("a", new Json.Num("1.50e+10"));
    return List.of(
        Json.of(""),
        Json.of("grüß\r\n\t\"\\\u0000\u2028👂 - {\"p\":1}"),
        Json.of("x".repeat(100_000)),
        Json.from(null),
        Json.of(true),
        Json.of(0),
        new Json.Num("-0.0"),
        new Json.Num("123456789012345678901234567890"),
        Json.from(List.of()),
        Json.from(fields),
        deepest());
  }

  /** The message of the greatest depth that is allowed. */
  static Json deepest() {
    Json json = Json.of("deep");
    for (int i = 0; i < 64; i++) {
      json = Json.from(List.of(json));
    }
    return json;
  }
}
