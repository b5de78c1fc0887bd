package eidkit;

import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.pdf.pdfbox.PdfBoxNativeObjectFactory;
import eu.europa.esig.dss.signature.AbstractSignatureParameters;
import eu.europa.esig.dss.signature.DocumentSignatureService;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.spi.x509.tsp.KeyEntityTSPSource;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.signature.XAdESService;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Signs a file with EU DSS, offline, at the level that is named.
 *
 * <pre>
 * Signer LEVEL FOLDER IN OUT [PACKAGING]
 * </pre>
 *
 * LEVEL as DSS names it (PAdES-BASELINE-LTA); its first word is the format.  PACKAGING (CAdES, XAdES): ENVELOPING,
 * DETACHED or ENVELOPED.  FOLDER holds DER files: signer.key and tsa.key (PKCS#8, P-256), signer-0.cer and tsa-0.cer
 * with their chains as -1, -2 …, anchor-0.cer … and list-0.crl ….
 */
public final class Signer {

    public static void main(String[] arguments) throws Exception {
        File folder = new File(arguments[1]);
        CommonCertificateVerifier verifier = verifier(folder);
        SignaturePackaging packaging = arguments.length > 4 ? SignaturePackaging.valueOf(arguments[4]) : null;
        switch (arguments[0].substring(0, 5)) {
            case "PAdES" -> {
                PAdESService service = new PAdESService(verifier);
                service.setPdfObjFactory(new PdfBoxNativeObjectFactory());
                sign(service, new PAdESSignatureParameters(), folder, arguments);
            }
            case "CAdES" -> {
                CAdESSignatureParameters parameters = new CAdESSignatureParameters();
                parameters.setSignaturePackaging(packaging);
                sign(new CAdESService(verifier), parameters, folder, arguments);
            }
            default -> {
                XAdESSignatureParameters parameters = new XAdESSignatureParameters();
                parameters.setSignaturePackaging(packaging);
                sign(new XAdESService(verifier), parameters, folder, arguments);
            }
        }
    }

    private static <P extends AbstractSignatureParameters<?>> void sign(
            DocumentSignatureService<P, ?> service, P parameters, File folder, String[] arguments) throws Exception {
        List<CertificateToken> chain = certificates(folder, "signer");
        parameters.setSignatureLevel(SignatureLevel.valueByName(arguments[0]));
        parameters.setSigningCertificate(chain.get(0));
        parameters.setCertificateChain(chain);
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
        List<CertificateToken> authority = certificates(folder, "tsa");
        KeyEntityTSPSource stamper = new KeyEntityTSPSource(key(folder, "tsa"), authority.get(0), authority);
        stamper.setTsaPolicy("1.3.6.1.4.1.13762.3");
        service.setTspSource(stamper);
        DSSDocument document = new FileDocument(arguments[2]);
        Signature signer = Signature.getInstance("SHA256withECDSA");
        signer.initSign(key(folder, "signer"));
        signer.update(service.getDataToSign(document, parameters).getBytes());
        SignatureValue value = new SignatureValue(SignatureAlgorithm.ECDSA_SHA256, signer.sign());
        service.signDocument(document, parameters, value).save(arguments[3]);
    }

    private static CommonCertificateVerifier verifier(File folder) {
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        certificates(folder, "anchor").forEach(anchors::addCertificate);
        List<DSSDocument> lists = new ArrayList<>();
        for (int i = 0; new File(folder, "list-" + i + ".crl").exists(); i++) {
            lists.add(new FileDocument(new File(folder, "list-" + i + ".crl")));
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(anchors);
        verifier.setAIASource(null);
        verifier.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(new DSSDocument[0])));
        return verifier;
    }

    private static List<CertificateToken> certificates(File folder, String name) {
        List<CertificateToken> found = new ArrayList<>();
        for (int i = 0; new File(folder, name + "-" + i + ".cer").exists(); i++) {
            found.add(DSSUtils.loadCertificate(new File(folder, name + "-" + i + ".cer")));
        }
        return found;
    }

    private static PrivateKey key(File folder, String name) throws IOException, GeneralSecurityException {
        byte[] octets = Files.readAllBytes(Path.of(folder.getPath(), name + ".key"));
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(octets));
    }

    private Signer() {
    }
}
