package io.earshot.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of close codes in docs/protocol.md, against the codes and endings of the server. */
final class EndingTest {
  private static final Pattern ROW =
      Pattern.compile("\\| (\\d{4}) \\| (.*?) \\| (.*?) \\| (yes|no) \\|");

  /** A row of the table. */
  private record Row(int code, String reason, String meaning, boolean reconnect) {}

  private static List<Row> table() throws IOException {
    String page =
        Files.readString(
            Path.of(System.getProperty("earshot.root", "..")).resolve("docs/protocol.md"));
    return page.lines()
        .map(ROW::matcher)
        .filter(row -> row.matches())
        .map(EndingTest::row)
        .toList();
  }

  private static Row row(MatchResult row) {
    return new Row(
        Integer.parseInt(row.group(1)), row.group(2), row.group(3), row.group(4).equals("yes"));
  }

  private static List<Ending> endings() {
    return List.of(
        Ending.REQUESTED,
        Ending.SHUTDOWN,
        Ending.IDLE,
        Ending.BEHIND,
        Ending.RESUMED,
        Ending.NOT_UTF8);
  }

  @Test
  void the_page_lists_all_close_codes_in_the_order_of_the_server() throws IOException {
    assertThat(table().stream().map(Row::code).distinct())
        .isEqualTo(Arrays.stream(Ending.Code.values()).map(Ending.Code::number).toList());
  }

  @Test
  void the_page_and_the_server_agree_on_the_codes_after_which_a_client_reconnects()
      throws IOException {
    for (Row row : table()) {
      assertThat(Ending.Code.values())
          .as("%s", row)
          .filteredOn(code -> code.number() == row.code)
          .extracting(Ending.Code::reconnect)
          .containsExactly(row.reconnect);
      assertThat(row.meaning).isNotEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("endings")
  void the_page_has_the_code_and_the_reason_of_each_ending(Ending ending) throws IOException {
    assertThat(table())
        .filteredOn(row -> row.reason.contains("`" + ending.reason() + "`"))
        .extracting(Row::code)
        .containsExactly(ending.code());
  }

  @Test
  void the_page_has_the_reason_of_a_message_that_is_too_long() throws IOException {
    Ending ending = Ending.tooBig(64);
    assertThat(table())
        .filteredOn(row -> row.reason.contains("`" + ending.reason().replace("64", "N") + "`"))
        .extracting(Row::code)
        .containsExactly(ending.code());
    assertThat(Ending.protocolError("").code()).isEqualTo(Ending.Code.PROTOCOL_ERROR.number());
  }

  @Test
  void a_reason_fits_into_a_close_frame() {
    assertThat(endings())
        .allSatisfy(
            ending ->
                assertThat(ending.reason().getBytes(StandardCharsets.UTF_8).length)
                    .isLessThanOrEqualTo(123));
  }
}
