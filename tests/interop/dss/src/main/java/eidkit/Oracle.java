package eidkit;

import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.diagnostic.jaxb.XmlDigestMatcher;
import eu.europa.esig.dss.diagnostic.jaxb.XmlSignerRole;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.pades.validation.PDFDocumentValidator;
import eu.europa.esig.dss.pdf.IPdfObjFactory;
import eu.europa.esig.dss.pdf.modifications.DefaultPdfDifferencesFinder;
import eu.europa.esig.dss.pdf.pdfbox.PdfBoxNativeObjectFactory;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.spi.x509.revocation.ocsp.ExternalResourcesOCSPSource;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Locale;

/**
 * Validates files with EU DSS, offline, and prints one JSON object per line and file.
 *
 * <pre>
 * Oracle [--anchor CERT]… [--certificate CERT]… [--crl FILE]… [--ocsp FILE]… [--policy XML] [--allow-eddsa]
 *        [--at ISO8601] [--detached FILE]… [--rounds N] FILE…
 * </pre>
 *
 * With --rounds each file is validated N times, one after another, and the line says how many milliseconds of CPU
 * one validation took (the median of the second half, when everything is warm).  A file that DSS refuses to read gives {"file": …, "error": …}; nothing is ever fetched.
 */
public final class Oracle {

    private final CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
    private final CommonCertificateSource certificates = new CommonCertificateSource();
    private final List<DSSDocument> crls = new ArrayList<>();
    private final List<DSSDocument> ocsps = new ArrayList<>();
    private final List<DSSDocument> detached = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private Path policy;
    private boolean allowEdDsa;
    private Date at;
    private int rounds;

    public static void main(String[] arguments) throws Exception {
        Oracle oracle = new Oracle();
        oracle.read(arguments);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String policyText = oracle.policyText();
        if (oracle.rounds > 0) {
            oracle.files.forEach(file -> out.println(oracle.timed(file, policyText)));
            return;
        }
        oracle.files.parallelStream().map(file -> oracle.line(file, policyText)).forEachOrdered(out::println);
    }

    private void read(String[] arguments) throws IOException {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--anchor" -> anchors.addCertificate(DSSUtils.loadCertificate(new java.io.File(arguments[++i])));
                case "--certificate" ->
                    certificates.addCertificate(DSSUtils.loadCertificate(new java.io.File(arguments[++i])));
                case "--crl" -> crls.add(new FileDocument(arguments[++i]));
                case "--ocsp" -> ocsps.add(new FileDocument(arguments[++i]));
                case "--detached" -> detached.add(new FileDocument(arguments[++i]));
                case "--policy" -> policy = Path.of(arguments[++i]);
                case "--allow-eddsa" -> allowEdDsa = true;
                case "--at" -> at = Date.from(Instant.parse(arguments[++i]));
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                case "--files" -> {
                    for (String name : Files.readAllLines(Path.of(arguments[++i]))) {
                        files.add(Path.of(name));
                    }
                }
                default -> files.add(Path.of(arguments[i]));
            }
        }
    }

    /** DSS's default policy, or the caller's, with EdDSA put in where the default has it in a comment. */
    private String policyText() throws IOException {
        String text;
        if (policy != null) {
            text = Files.readString(policy);
        } else {
            try (InputStream resource = Oracle.class.getResourceAsStream("/policy/constraint.xml")) {
                text = new String(resource.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
        if (!allowEdDsa) {
            return text;
        }
        String allowed = text
            .replaceFirst("</AcceptableEncryptionAlgo>", "<Algo>EdDSA</Algo></AcceptableEncryptionAlgo>")
            .replaceFirst("</MiniPublicKeySize>", "<Algo Size=\"24\">EdDSA</Algo></MiniPublicKeySize>")
            .replaceFirst("</AlgoExpirationDate>", "<Algo Size=\"24\">EdDSA</Algo></AlgoExpirationDate>");
        if (allowed.split("EdDSA</Algo></", -1).length != 4) {
            throw new IllegalStateException("the policy has no cryptographic lists to put EdDSA in");
        }
        return allowed;
    }

    private CommonCertificateVerifier verifier() {
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(anchors);
        verifier.setAdjunctCertSources(certificates);
        verifier.setAIASource(null);
        if (!crls.isEmpty()) {
            verifier.setCrlSource(new ExternalResourcesCRLSource(crls.toArray(new DSSDocument[0])));
        }
        if (!ocsps.isEmpty()) {
            verifier.setOcspSource(new ExternalResourcesOCSPSource(ocsps.toArray(new DSSDocument[0])));
        }
        return verifier;
    }

    /** Objects are compared as ever; pages are not drawn, which takes most of the time of a batch. */
    private static IPdfObjFactory withoutRendering() {
        DefaultPdfDifferencesFinder finder = new DefaultPdfDifferencesFinder();
        finder.setMaximalPagesAmountForVisualComparison(0);
        IPdfObjFactory factory = new PdfBoxNativeObjectFactory();
        factory.setPdfDifferencesFinder(finder);
        return factory;
    }

    private String timed(Path file, String policyText) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long[] taken = new long[rounds];
        for (int i = 0; i < rounds; i++) {
            long start = threads.getCurrentThreadCpuTime();
            line(file, policyText);
            taken[i] = threads.getCurrentThreadCpuTime() - start;
        }
        long[] warm = Arrays.copyOfRange(taken, rounds / 2, rounds);
        Arrays.sort(warm);
        double milliseconds = warm[warm.length / 2] / 1e6;
        return "{" + field("file", file.toString()) + ", \"milliseconds\": " + milliseconds + "}";
    }

    private String line(Path file, String policyText) {
        try {
            SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file.toFile()));
            validator.setCertificateVerifier(verifier());
            validator.setLocale(Locale.ENGLISH);
            validator.setEnableEtsiValidationReport(false);
            if (at != null) {
                validator.setValidationTime(at);
            }
            if (validator instanceof PDFDocumentValidator pdf) {
                pdf.setPdfObjFactory(withoutRendering());
            }
            if (!detached.isEmpty()) {
                validator.setDetachedContents(detached);
            }
            byte[] policyBytes = policyText.getBytes(StandardCharsets.UTF_8);
            return describe(file, validator.validateDocument(new ByteArrayInputStream(policyBytes)));
        } catch (Exception | StackOverflowError error) {
            String reason = error.getClass().getSimpleName() + ": " + error.getMessage();
            return "{" + field("file", file.toString()) + ", " + field("error", reason) + "}";
        }
    }

    private static String describe(Path file, Reports reports) {
        DiagnosticData data = reports.getDiagnosticData();
        SimpleReport simple = reports.getSimpleReport();
        List<String> signatures = new ArrayList<>();
        for (SignatureWrapper signature : data.getSignatures()) {
            signatures.add(signature(signature, simple));
        }
        List<String> timestamps = new ArrayList<>();
        for (TimestampWrapper timestamp : data.getTimestampList()) {
            timestamps.add(timestamp(timestamp, simple));
        }
        return "{" + field("file", file.toString())
            + ", \"signatures\": [" + String.join(", ", signatures)
            + "], \"timestamps\": [" + String.join(", ", timestamps) + "]}";
    }

    private static String signature(SignatureWrapper signature, SimpleReport simple) {
        String id = signature.getId();
        List<String> roles = new ArrayList<>();
        for (XmlSignerRole role : signature.getSignerRoles()) {
            roles.add("{" + field("category", String.valueOf(role.getCategory())) + ", " + field("role", role.getRole()) + "}");
        }
        List<String> timestamps = new ArrayList<>();
        for (TimestampWrapper timestamp : signature.getTimestampList()) {
            timestamps.add(timestamp(timestamp, simple));
        }
        boolean intact = signature.isSignatureIntact() && intact(signature.getDigestMatchers());
        return "{" + field("format", text(signature.getSignatureFormat().getSignatureForm()))
            + ", " + field("level", text(signature.getSignatureFormat()))
            + ", " + field("signed_by", simple.getSignedBy(id))
            + ", " + field("indication", text(simple.getIndication(id)))
            + ", " + field("subindication", text(simple.getSubIndication(id)))
            + ", \"intact\": " + intact
            + ", \"structure_valid\": " + signature.isStructuralValidationValid()
            + ", " + field("algorithm", text(signature.getSignatureAlgorithm()))
            + ", " + field("digest", text(signature.getDigestAlgorithm()))
            + ", \"undefined_changes\": " + signature.getPdfUndefinedChanges().size()
            + ", \"roles\": [" + String.join(", ", roles)
            + "], \"timestamps\": [" + String.join(", ", timestamps)
            + "], \"errors\": " + messages(simple.getAdESValidationErrors(id))
            + ", \"warnings\": " + messages(simple.getAdESValidationWarnings(id)) + "}";
    }

    private static String timestamp(TimestampWrapper timestamp, SimpleReport simple) {
        String id = timestamp.getId();
        boolean intact = timestamp.isSignatureIntact() && timestamp.isMessageImprintDataFound()
            && timestamp.isMessageImprintDataIntact();
        return "{" + field("type", text(timestamp.getType()))
            + ", " + field("time", timestamp.getProductionTime().toInstant().toString())
            + ", " + field("produced_by", simple.getProducedBy(id))
            + ", " + field("indication", text(simple.getIndication(id)))
            + ", " + field("subindication", text(simple.getSubIndication(id)))
            + ", \"intact\": " + intact
            + ", \"errors\": " + messages(simple.getAdESValidationErrors(id)) + "}";
    }

    private static boolean intact(List<XmlDigestMatcher> matchers) {
        return !matchers.isEmpty() && matchers.stream().allMatch(m -> m.isDataFound() && m.isDataIntact());
    }

    private static String messages(List<Message> messages) {
        List<String> quoted = new ArrayList<>();
        for (Message message : messages) {
            quoted.add(quoted(message.getValue()));
        }
        return "[" + String.join(", ", quoted) + "]";
    }

    private static String text(Object value) {
        return value == null ? null : value.toString();
    }

    private static String field(String name, String value) {
        return quoted(name) + ": " + quoted(value);
    }

    private static String quoted(String value) {
        if (value == null) {
            return "null";
        }
        StringBuilder out = new StringBuilder("\"");
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private Oracle() {
    }
}
