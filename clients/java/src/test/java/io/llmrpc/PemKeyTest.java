package io.llmrpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** Keys in the older forms, which gRPC does not read. */
class PemKeyTest {
  private static String pem(String kind, byte[] der) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END "
        + kind
        + "-----\n";
  }

  private static byte[] read(String pem) throws Exception {
    String[] lines =
        new String(
                PemKey.pkcs8(pem.getBytes(StandardCharsets.US_ASCII)).readAllBytes(),
                StandardCharsets.US_ASCII)
            .split("-----", -1);
    assertEquals("BEGIN PRIVATE KEY", lines[1]);
    return Base64.getMimeDecoder().decode(lines[2].trim());
  }

  @Test
  void anRsaKeyIsWrapped() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair pair = generator.generateKeyPair();
    byte[] whole = pair.getPrivate().getEncoded();
    byte[] inner = Arrays.copyOfRange(whole, 26, whole.length); // behind the header of PKCS #8
    assertArrayEquals(whole, read(pem("RSA PRIVATE KEY", inner)));
  }

  @Test
  void aNewKeyIsLeftAsItIs() throws Exception {
    byte[] whole = {1, 2, 3};
    assertArrayEquals(whole, read(pem("PRIVATE KEY", whole)));
  }
}
