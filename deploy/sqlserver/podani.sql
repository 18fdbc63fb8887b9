-- Kniha podání: hlášení z portálu zapsané do INSYZ právě jednou (strategie "ledger").
--
-- Spouští správce databáze INSYZ, jednou, v databázi INSYZ; spustit znovu neškodí. SQL Server 2016 SP1
-- nebo novější. Nic z toho, co v databázi je, se nemění. Práva přidělí prava.sql.
--
-- Jak to funguje: každé podání má klíč, stejný při každém opakování téhož obsahu. Klíč se zapíše
-- v téže transakci jako hlášení, takže podle něj jde spolehlivě zjistit, zda hlášení v INSYZ je. Každý
-- dotaz na klíč, který ještě zapsán není, otevře nové kolo: požadavky z dřívějších kol, které třeba
-- stále čekají ve frontě serveru, pak už zapsat nemohou.

IF OBJECT_ID(N'trasy.ZP_Podani', N'U') IS NULL
BEGIN
    CREATE TABLE trasy.ZP_Podani (
        -- zp-{id_zp}-{otisk obsahu}, u záměrného opakování navíc -r{pořadí}
        Klic varchar(100) COLLATE Latin1_General_BIN2 NOT NULL,
        -- poslední otevřené kolo
        Kolo int NOT NULL,
        -- O otevřeno (v INSYZ není), Z zapsáno
        Stav char(1) NOT NULL,
        Uzivatel varchar(128) NULL,
        -- kdy bylo zapsáno, v UTC
        Kdy datetime2(3) NULL,
        CONSTRAINT PK_ZP_Podani PRIMARY KEY (Klic),
        CONSTRAINT CK_ZP_Podani_Stav CHECK (Stav IN ('O', 'Z'))
    );
END;
GO

-- Zapíše hlášení, pokud pod tímto klíčem ještě zapsáno není; vrátí, kdy bylo zapsáno.
CREATE OR ALTER PROCEDURE trasy.ZP_Podani_Zapis
    @Klic varchar(100),
    @Kolo int,
    @Data_XML xml,
    @Uzivatel varchar(128)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    -- Kratší než časový limit klienta (30 s): místo ticha dostane určitou odpověď 1222.
    SET LOCK_TIMEOUT 15000;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @zamek int;
    DECLARE @zdroj nvarchar(255) = N'ZP_Podani:' + @Klic;
    DECLARE @stav char(1);
    DECLARE @kolo_ted int;
    DECLARE @kdy datetime2(3);
    DECLARE @zapisuje bit = 0;
    DECLARE @kod int;

    IF @@TRANCOUNT <> 0
        THROW 51000, N'ZP: volání v otevřené transakci', 1;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC @zamek = sys.sp_getapplock
            @Resource = @zdroj, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 15000;
        IF @zamek < 0
            THROW 51001, N'ZP: podání se stejným klíčem právě probíhá', 1;

        -- Zámky i při READ_COMMITTED_SNAPSHOT: obyčejné čtení by neukončený zápis nevidělo.
        SELECT @stav = Stav, @kolo_ted = Kolo, @kdy = Kdy
        FROM trasy.ZP_Podani WITH (UPDLOCK, HOLDLOCK)
        WHERE Klic = @Klic;

        IF @stav IS NULL OR (@stav = 'O' AND @kolo_ted <> @Kolo)
            THROW 51002, N'ZP: kolo podání bylo uzavřeno', 1;

        IF @stav = 'O'
        BEGIN
            SET @zapisuje = 1;
            SET @kdy = SYSUTCDATETIME();
            UPDATE trasy.ZP_Podani
            SET Stav = 'Z', Uzivatel = @Uzivatel, Kdy = @kdy
            WHERE Klic = @Klic;

            EXEC @kod = trasy.ZP_Zapis_XML @Data_XML = @Data_XML, @Uzivatel = @Uzivatel;

            -- Raději odmítnout vše, než mlčky ztratit hlášení, které procedura odmítla návratovým kódem.
            IF @kod <> 0
                THROW 51006, N'ZP: ZP_Zapis_XML vrátila jiný kód než 0', 1;
            IF @@TRANCOUNT <> 1 OR XACT_STATE() <> 1
                THROW 51005, N'ZP: ZP_Zapis_XML nenechala transakci, jak byla', 1;
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        -- Je-li klíč zapsán i teď, potvrdila transakci sama ZP_Zapis_XML.
        IF @zapisuje = 1 AND EXISTS (SELECT 1 FROM trasy.ZP_Podani WHERE Klic = @Klic AND Stav = 'Z')
            THROW 51004, N'ZP: ZP_Zapis_XML potvrdila transakci sama', 1;
        THROW;
    END CATCH;

    SELECT @kdy AS Kdy;
END;
GO

-- Co se s klíčem stalo: Z zapsáno, B právě se na něm pracuje, N není a z dřívějších kol už nebude.
CREATE OR ALTER PROCEDURE trasy.ZP_Podani_Stav
    @Klic varchar(100)
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET LOCK_TIMEOUT 5000;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @zamek int;
    DECLARE @zdroj nvarchar(255) = N'ZP_Podani:' + @Klic;
    DECLARE @stav char(1);
    DECLARE @kolo int;
    DECLARE @kdy datetime2(3);

    IF @@TRANCOUNT <> 0
        THROW 51000, N'ZP: volání v otevřené transakci', 1;

    BEGIN TRY
        BEGIN TRANSACTION;

        EXEC @zamek = sys.sp_getapplock
            @Resource = @zdroj, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 5000;
        IF @zamek < 0
            SET @stav = 'B';
        ELSE
        BEGIN
            SELECT @stav = Stav, @kolo = Kolo, @kdy = Kdy
            FROM trasy.ZP_Podani WITH (UPDLOCK, HOLDLOCK)
            WHERE Klic = @Klic;

            IF @stav IS NULL
            BEGIN
                SET @kolo = 1;
                INSERT INTO trasy.ZP_Podani (Klic, Kolo, Stav) VALUES (@Klic, @kolo, 'O');
            END;
            ELSE IF @stav = 'O'
            BEGIN
                SET @kolo = @kolo + 1;
                UPDATE trasy.ZP_Podani SET Kolo = @kolo WHERE Klic = @Klic;
            END;
        END;

        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        THROW;
    END CATCH;

    SELECT
        CASE @stav WHEN 'Z' THEN 'Z' WHEN 'B' THEN 'B' ELSE 'N' END AS Stav,
        @kolo AS Kolo,
        @kdy AS Kdy;
END;
GO
