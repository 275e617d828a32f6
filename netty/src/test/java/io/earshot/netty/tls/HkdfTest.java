package io.earshot.netty.tls;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys are those of the JDK's own HKDF, which servers on Java 25 have used before. */
final class HkdfTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 31, 32, 33, 48, 80, 255})
  void keys_are_those_of_the_jdk(int length) throws Exception {
    byte[] secret = "a secret that is known to all servers".getBytes(UTF_8);
    byte[] expected =
        KDF.getInstance("HKDF-SHA256")
            .deriveData(
                HKDFParameterSpec.ofExtract()
                    .addIKM(new SecretKeySpec(secret, "Generic"))
                    .thenExpand("the purpose".getBytes(UTF_8), length));
    assertThat(Hkdf.of(secret).derive("the purpose", length)).isEqualTo(expected);
  }
}
