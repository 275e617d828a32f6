package io.earshot.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Compares the writer with Jackson on random values. */
final class JsonWriterTest {
  private static final String[] PIECES = {
    "a",
    "hello ",
    "\"",
    "\\",
    "/",
    "\u0000",
    "\u001f",
    "\b",
    "\t",
    "\n",
    "\f",
    "\r",
    "\u007f",
    "\u0080",
    "ä",
    "\u07ff",
    "\u0800",
    "✓",
    "\u2028",
    "\uffff",
    "😀",
    "\u1234",
    "x".repeat(300)
  };

  private final Random random = new Random(7);

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 9, 10, 99, 100, 1_234_567_890, Long.MAX_VALUE})
  void the_frequent_replies_are_the_same_as_their_trees(long number) throws MalformedJsonException {
    var cursor = new Cursor("k3f9", number);
    var replies =
        List.of(
            new Reply.Said(cursor),
            new Reply.DoneIn("a \"room\""),
            new Reply.Receives(new Reply.Received("attic", cursor, null, null)),
            new Reply.Receives(new Reply.Received("ä", cursor, true, null)),
            new Reply.Receives(new Reply.Received("attic", cursor, false, 17)),
            new Reply.Receives(new Reply.Received("attic", null, null, null)));
    for (@Nullable String id : new @Nullable String[] {null, "7", "\"a\\\"b\"", "null"}) {
      Json messageId = id == null ? null : Json.parse(id);
      for (Reply reply : replies) {
        assertThat(reply.encode(number, messageId))
            .isEqualTo(reply.toJson(number, messageId).encode());
      }
    }
  }

  @Test
  void every_character_is_written_as_jackson_writes_it() {
    for (int c = 0; c <= Character.MAX_VALUE; c++) {
      if (!Character.isSurrogate((char) c)) {
        assertSame(Json.of("a" + (char) c + "b"));
      }
    }
  }

  @Test
  void every_value_is_written_as_jackson_writes_it() {
    for (int i = 0; i < 2_000; i++) {
      assertSame(value(4));
    }
  }

  @Test
  void a_room_message_is_the_same_with_and_without_a_tree() {
    for (int i = 0; i < 500; i++) {
      var message =
          new RoomMessage(
              value(3),
              text(),
              value(1),
              i % 2 == 0 ? null : User.of("ada" + i, "Ä", Map.of("info", value(2))),
              random.nextLong(),
              new Cursor("k3f9", random.nextLong(1_000_000)),
              Announcement.ofType(List.of("", "join", "leave").get(i % 3)));
      assertThat(message.encode()).isEqualTo(message.toJson().encode());
    }
  }

  @Test
  void numbers_follow_the_grammar_of_json() {
    Pattern grammar = Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");
    for (int i = 0; i < 50_000; i++) {
      var literal = new StringBuilder();
      for (int j = random.nextInt(7); j > 0; j--) {
        literal.append("0019-+.eE٣ ".charAt(random.nextInt(11)));
      }
      boolean isAccepted = true;
      try {
        var _ = new Json.Num(literal.toString());
      } catch (IllegalArgumentException e) {
        isAccepted = false;
      }
      assertThat(isAccepted).as("'%s'", literal).isEqualTo(grammar.matcher(literal).matches());
    }
  }

  private static void assertSame(Json value) {
    assertThat(new String(value.encode(), UTF_8)).isEqualTo(new String(byJackson(value), UTF_8));
  }

  private Json value(int depth) {
    return switch (random.nextInt(depth == 0 ? 4 : 6)) {
      case 0 -> Json.of(random.nextLong());
      case 1 -> Json.of(random.nextBoolean());
      case 2 -> new Json.Null();
      case 3 -> Json.of(text());
      case 4 -> {
        var items = new ArrayList<Json>();
        for (int i = random.nextInt(4); i > 0; i--) {
          items.add(value(depth - 1));
        }
        yield new Json.Array(items);
      }
      default -> {
        var fields = new LinkedHashMap<String, Json>();
        for (int i = random.nextInt(4); i > 0; i--) {
          fields.put(text(), value(depth - 1));
        }
        yield new Json.Obj(fields);
      }
    };
  }

  private String text() {
    var text = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }

  private static byte[] byJackson(Json value) {
    var out = new ByteArrayOutputStream();
    try (JsonGenerator generator =
        new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      write(generator, value);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator generator, Json value) {
    switch (value) {
      case Json.Text(String text) -> generator.writeString(text);
      case Json.Num(String literal) -> generator.writeNumber(literal);
      case Json.Bool(boolean truth) -> generator.writeBoolean(truth);
      case Json.Null _ -> generator.writeNull();
      case Json.Array(var items) -> {
        generator.writeStartArray();
        items.forEach(item -> write(generator, item));
        generator.writeEndArray();
      }
      case Json.Obj(var fields) -> {
        generator.writeStartObject();
        for (Map.Entry<String, Json> field : fields.entrySet()) {
          generator.writeName(field.getKey());
          write(generator, field.getValue());
        }
        generator.writeEndObject();
      }
    }
  }
}
