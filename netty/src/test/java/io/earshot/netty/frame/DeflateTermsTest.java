package io.earshot.netty.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The negotiation of permessage-deflate, as RFC 7692, 7.1, and RFC 6455, 9.1, define it. */
final class DeflateTermsTest {
  private static String answer(boolean areAlone, String... fields) {
    DeflateTerms terms = DeflateTerms.of(List.of(fields), areAlone);
    return terms == null ? "declined" : terms.response();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      quoteCharacter = '\'',
      value = {
        "permessage-deflate > client_no_context_takeover",
        "permessage-deflate; client_max_window_bits > client_no_context_takeover",
        "permessage-deflate;client_max_window_bits=8 > client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=\"15\" > client_no_context_takeover",
        "permessage-deflate; client_no_context_takeover > client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover"
            + " > server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=15"
            + " > client_no_context_takeover; server_max_window_bits=15",
        "permessage-deflate; server_max_window_bits=8"
            + " > server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
        "permessage-deflate ; server_max_window_bits = \"14\" ; client_max_window_bits"
            + " > server_no_context_takeover; client_no_context_takeover; server_max_window_bits=14",
        // The first offer that is acceptable.
        "x-webkit-deflate-frame, permessage-deflate > client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=7, permessage-deflate"
            + " > client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover, permessage-deflate"
            + " > server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=10,"
            + " permessage-deflate"
            + " > server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10"
      })
  void an_offer_is_accepted(String offer, String params) {
    assertThat(answer(false, offer)).isEqualTo("permessage-deflate; " + params);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "permessage-bzip2",
        "PERMESSAGE-DEFLATES",
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=99999999999",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10"
      })
  void an_invalid_offer_is_declined(String offer) {
    assertThat(answer(false, offer)).isEqualTo("declined");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "permessage-deflate;",
        "permessage-deflate; =1",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits=\"\"",
        "permessage-deflate; client_max_window_bits=\"1 5\"",
        "permessage-deflate; client_max_window_bits=\"15",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate=1",
        "perm\u00E9ssage",
        "permessage-deflate, (comment)"
      })
  void a_malformed_header_is_refused(String offer) {
    assertThatIllegalArgumentException().isThrownBy(() -> answer(false, offer));
  }

  @Test
  void the_offers_of_several_headers_are_one_list() {
    assertThat(answer(false, "permessage-deflate; unknown", "foo, permessage-deflate"))
        .isEqualTo("permessage-deflate; client_no_context_takeover");
    assertThat(answer(false)).isEqualTo("declined");
    assertThat(answer(false, "", " , ,")).isEqualTo("declined");
    assertThat(answer(false, ",permessage-deflate,"))
        .isEqualTo("permessage-deflate; client_no_context_takeover");
  }

  @Test
  void a_server_may_compress_each_message_alone_whatever_the_client_asks() {
    assertThat(answer(true, "permessage-deflate"))
        .isEqualTo("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  }
}
