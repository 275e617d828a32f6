package io.earshot.netty.action;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.ServerWithActions;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Forms in parts, as the body of a request for an action. */
final class FormPartsTest {
  @RegisterExtension final ServerWithActions web = new ServerWithActions();

  @Test
  void forms_that_end_too_early_are_refused_and_leave_nothing_behind() {
    String begun =
        "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n" + "x".repeat(50_000);
    var memory = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
    long before = 0;
    for (int i = 0; i < 1_000; i++) {
      HttpClient.Response answer;
      try (var curl = new HttpClient(web.server().httpPort(), false)) {
        answer = curl.post("/echo", "multipart/form-data; boundary=b", begun);
      }
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("the form ends before its last boundary");
      before = i == 100 ? memory.usedDirectMemory() : before;
    }
    assertThat(memory.usedDirectMemory()).isLessThan(before + (16 << 20));
  }

  @Test
  void forms_in_parts_are_read_as_they_are_written() {
    String type = "multipart/form-data; charset=utf-8; Boundary=\"-- b\"";
    String x = "Content-Disposition: form-data; name=\"x\"";
    String form =
        String.join(
            "\r\n",
            List.of(
                "not yet",
                "---- b",
                "content-disposition: form-data; filename*=f; name=x",
                "",
                "file",
                "---- b ",
                x,
                "Content-Type: text/plain; charset=iso-8859-1",
                "",
                "\u00e4",
                "---- b",
                x,
                "",
                "",
                "---- b",
                x,
                "",
                "---- be",
                " --- b--\n",
                "---- b\nContent-Disposition:form-data;name=\"y\";a=\"; name=x\"\n\n\\;\n---- b--",
                "---- b"));
    assertThat(web.curl().post("/echo", type, form).body())
        .contains("[[\"\u00c3\u00a4\",\"\",\"---- be\\r\\n --- b--\\n\"],\"\\\\;\"]");
  }

  /** A decoder that compares the boundary at each byte takes seconds for this form. */
  @Test
  void a_form_that_would_take_long_to_read_is_refused() {
    String head = "Content-Disposition: form-data; name=\"x\"\r\n";
    for (int length : List.of(70, 71, 8_000)) {
      String boundary = "-".repeat(length - 1) + "x";
      String form = "--" + boundary + "\r\n" + head + "\r\n\r\n--" + boundary + "--\r\n";
      assertThat(
              web.curl().post("/echo", "multipart/form-data; boundary=" + boundary, form).status())
          .isEqualTo(length == 70 ? 200 : 400);
    }
    for (String part :
        List.of(
            head + "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n--c--\r\n",
            head + "X: " + "x".repeat(20_000) + "\r\n\r\n\r\n",
            head + "Content-Type: text/plain; charset=nope\r\n\r\n\r\n",
            head,
            (head + "\r\n\r\n--b\r\n").repeat(1_024) + head + "\r\n\r\n")) {
      String form = "--b\r\n" + part + "--b--\r\n";
      assertThat(web.curl().post("/echo", "multipart/form-data; boundary=b", form).status())
          .isEqualTo(400);
    }
  }

  @Test
  void bodies_and_paths_that_do_not_match_their_type_are_refused() {
    assertThat(web.curl().post("/echo", "application/json", "{").status()).isEqualTo(400);
    assertThat(web.curl().post("/echo", "application/json", "[]").status()).isEqualTo(400);
    assertThat(web.curl().post("/echo", "application/json", "[".repeat(100_000)).status())
        .isEqualTo(400);
    assertThat(web.curl().post("/echo", "multipart/form-data", "x").status()).isEqualTo(400);
    assertThat(web.curl().post("/echo", "multipart/form-data; boundary", "x").status())
        .isEqualTo(400);
    assertThat(web.curl().post("/echo", "multipart/form-data; boundary=b", "x").status())
        .isIn(200, 400);
    assertThat(web.curl().get("/echo?x=%zz").status()).isEqualTo(400);
    assertThat(web.curl().get("/echo?x=%").status()).isEqualTo(400);
    assertThat(web.curl().get("/echo?x=1").status()).isEqualTo(200);
  }
}
